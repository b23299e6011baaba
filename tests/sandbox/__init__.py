"""The sandbox behaves like Meta, on good days and bad."""

CAMILA = "56900001003"
ISIDORA = "@isi.munoz"
