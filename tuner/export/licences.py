"""Under which terms the published data sets may be used, where their authors say so."""

OWN = "not known: the pictures are yours"
UNKNOWN = "not stated by its authors"

LICENCES = {
    "fashion-mnist": "MIT (Zalando SE)",
    "mnist": "CC BY-SA 3.0 (Y. LeCun, C. Cortes)",
    "digits": "CC BY 4.0 (E. Alpaydin and C. Kaynak, UCI Machine Learning Repository)",
    "points-2d": "none needed: the points are generated",
}
