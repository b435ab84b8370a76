"""One job from request to saved images."""
