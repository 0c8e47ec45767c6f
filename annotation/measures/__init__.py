"""What rankings are worth: agreement, consensus, raters, policies (DATA.md §4). Pure: numpy, no Django."""
