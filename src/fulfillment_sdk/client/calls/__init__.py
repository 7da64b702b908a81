"""Operations as values: what goes out, and how its answer is read. Nothing here sends."""
