"""What texts are about: words, topics found in them, and who is interested in what."""
