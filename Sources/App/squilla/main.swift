// squilla
