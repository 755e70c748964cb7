"""From the database to the stream: publishing at once, and relaying what couldn't be or is due only now."""
