"""What a job makes: galleries, files with metadata, previews, contact sheets."""
