"""What the events say of a shopper: the formula of a weight, and related items."""
