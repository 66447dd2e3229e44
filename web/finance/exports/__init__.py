"""Every list of finance as a file."""
