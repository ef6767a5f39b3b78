"""The documents, those first that readers look at first."""

from _published.documents import (
    industrial,
    kim,
    omasgan,
    search_gains,
    student_gans,
    student_mvtec,
    survey,
    where_search_pays,
)
from _published.rows import Row

DOCUMENTS = (
    where_search_pays.DOCUMENT,
    student_gans.DOCUMENT,
    kim.DOCUMENT,
    student_mvtec.DOCUMENT,
    industrial.DOCUMENT,
    survey.DOCUMENT,
    omasgan.DOCUMENT,
    search_gains.DOCUMENT,
)
ROWS: tuple[Row, ...] = tuple(row for document in DOCUMENTS for row in document.rows)
