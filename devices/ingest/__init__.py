"""From facts to rows: what the outposts heard, kept in MySQL once and in any order."""
