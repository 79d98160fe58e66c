"""The screens: each reads a view and fills a template; each form becomes a verb of the table and leads back."""
