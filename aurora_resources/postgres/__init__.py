"""Aurora's own PostgreSQL server: its programs, its data folder, its process and the user it runs as."""
