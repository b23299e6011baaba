"""What all pages share: fragments, tags, headers, paging, health."""
