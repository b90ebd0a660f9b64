"""stub"""
import click
@click.command()
def balance() -> None:
    """x"""
