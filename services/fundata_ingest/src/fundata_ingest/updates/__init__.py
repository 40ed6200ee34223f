"""Updates by the vendor's API: exports, downloads, cursor."""
