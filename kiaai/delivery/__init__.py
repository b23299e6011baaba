"""From a queued row to a sent message: the queue, the sender, the pace and the receipts."""
