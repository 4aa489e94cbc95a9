"""What people read: Markdown and HTML reports, and the files of a run."""
