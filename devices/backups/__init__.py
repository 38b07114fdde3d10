"""Backups of the database: dumped, compressed, sealed and kept in the storage; nothing of them in MySQL."""
