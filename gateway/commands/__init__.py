"""The commands of `pishi`, a file for each subject. They import late, so that the quick ones are quick."""
