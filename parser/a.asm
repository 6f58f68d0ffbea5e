%pragma limit rep
