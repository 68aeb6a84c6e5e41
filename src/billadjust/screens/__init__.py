"""What commands show: each screen is made of tables and lines."""
