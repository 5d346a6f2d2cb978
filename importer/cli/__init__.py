"""The command line: one file a command; nothing below it prints or exits."""
