"""What the claims of the recipes that ship are measured by: a module NAME.py for each, with claim(trial); see docs/claims.md."""
