"""What is known of a shopper and single items or values, one file per signal."""
