"""What every source that is asked by HTTP needs: sessions, pages, windows, rows, and a collector made of them."""
