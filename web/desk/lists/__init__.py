"""Lists of provinces: downloading them, handing some in, and the receipts of partner centres."""
