"""Our own restorer of waxy skin: what smoothing and gloss took from a face, put back from the picture itself."""
