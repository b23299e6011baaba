"""The processes behind the web: doorbells, tasks, pools and the sweep."""
