"""`python -m buckler`: the same as `buckler`."""

from buckler.cli import main

if __name__ == "__main__":  # workers import this file once more, under another name
    main()
