"""The stand-in for Fundata: sign-in, export jobs and the records of 21 datasets."""
