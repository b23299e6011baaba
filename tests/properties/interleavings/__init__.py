"""Customer, person, bot, sender and crashes in ten thousand orders, each drawn from a seed."""
