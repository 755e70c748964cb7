"""Mail by way of a queue: Flask takes it, an RQ worker hands it to SendGrid, SQLite remembers it."""
