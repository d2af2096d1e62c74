"""Who the people of a film are: bibles as plain files, banks of looks, what makes a good reference, which face is whose; and
how alike one person stays from clip to clip."""
