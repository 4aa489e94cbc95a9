"""What the lists show, line by line: built from models and frames, free of widgets."""
