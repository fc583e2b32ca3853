"""What people look at: words and pictures for events. No screen and no file is touched here."""
