"""Is the bill complete, and does everything in it have an owner?"""
