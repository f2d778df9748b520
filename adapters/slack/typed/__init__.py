"""What members type, taken apart: words, and which of them are flags."""
