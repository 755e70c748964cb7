"""Small changes of the verifier's own code: is each of them noticed by its fast tests?"""
