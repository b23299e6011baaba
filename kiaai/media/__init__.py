"""Files of messages: fetched from Meta, kept, served."""
