"""The rows of every document, those first that readers look at first."""

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

ROWS: tuple[Row, ...] = (
    *where_search_pays.ROWS,
    *student_gans.ROWS,
    *kim.ROWS,
    *student_mvtec.ROWS,
    *industrial.ROWS,
    *survey.PACES,
    *survey.ROWS,
    *omasgan.ROWS,
    *search_gains.ROWS,
)
