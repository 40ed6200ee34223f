"""The stand-in for FMP: a made-up market and the answers of the stable API about it."""
