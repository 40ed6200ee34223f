"""The Iceberg lake: a copy of all published views for engines that scan, one build after each publication."""
