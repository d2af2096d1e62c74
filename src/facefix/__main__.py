"""`python -m facefix`."""

from facefix.cli import main

if __name__ == "__main__":
    main()
