"""The whole product as real processes: phone, webhook, inbox, bot, people, ticks."""
