"""Does a search's record come out again from its own events?"""
