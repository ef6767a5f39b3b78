"""The sections of the report, one file each: what is shown, and the sentence that says it."""
