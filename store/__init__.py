"""What is kept: readers and reviews, the records of a run, answers of models, vectors, the dataset."""
