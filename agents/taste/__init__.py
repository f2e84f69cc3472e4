"""What a reader's ratings let expect of books that the reader has not rated, and how far that came true."""
