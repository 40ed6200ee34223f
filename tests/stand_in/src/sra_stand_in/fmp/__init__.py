"""The stand-in for FMP: a made-up market and the stable API's responses about it."""
