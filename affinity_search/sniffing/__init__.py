"""What a shop's files hold, before anything is known of them: their first records in, a source block out. Pure."""
