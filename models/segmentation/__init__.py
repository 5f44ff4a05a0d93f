"""Groups of people who behave alike: found, named, followed from week to week."""
