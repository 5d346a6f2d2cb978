"""Ordinary names of languages that cp1252 is for, and of some that it is not for."""

from __future__ import annotations


def _names(text: str) -> list[str]:
    """Return the words of a text."""
    return text.split()


DANISH = _names(
    """
Søren Jørgen Bjørn Jørn Øjvind Bø Søe Bøje Høeg Gråbøl Kjær Kærgård Nørgaard Højgaard Sørensen
Møller Jørgensen Sønderby Østergaard Ærø Ågård Åse Åge Bøgh Kjølby Kjærsgaard Mørk Nørregård
Overgård Rønne Skjødt Skovgård Smørup Søgaard Thøgersen Tønder Vestergård Vinther-Høj Ødegård
Øster René André Løkkegaard Lærke Mærsk Hæstrup Børge Børgesen Dør Fjeldsøe Gøtzsche Gyldenkærne
Hjørring Hørby Kirsebær Køge Læsø Mogensø Næsby Præstø
"""
)
NORWEGIAN = _names(
    """
Håkon Håvard Bjørg Bjørnar Bjørnstad Bjørgen Bøe Bøhler Bråthen Brøvig Dæhlie Fjørtoft Frøya
Gjøvik Grønli Gudbrandsø Hæreid Høgmo Høiland Høyer Ingebjørg Jørstad Kjønnøy Kråkstad Kværner
Lærum Løvland Mæland Møgster Nærøy Nødtvedt Ødegaard Øverby Øygarden Øystein Øyvind Pål Røed
Røkke Rønning Sæther Sætre Skjærvø Skår Småland Solskjær Støre Strømme Synnøve Sølvi Sørlie
Tøien Tønseth Torbjørn Torgrød Trøan Tårnes Vågen Vegårshei Værnes Åmodt Åsmund Ågot
"""
)
ESTONIAN = _names(
    """
Tõnu Tõnis Tõnisson Õnne Õie Kõiv Kõrv Kõrge Võsu Võrk Võsa Jõgi Jõgeva Jõesaar Lõhmus Lõoke
Mõttus Mõisnik Nõmm Nõmmik Põder Põdra Põld Põldmäe Põllu Rõõm Rõõmus Sõber Sõerd Sõna Tõll
Tõnuma Võigemast Väljaots Väärtnõu Õunapuu Õispuu Kõivisto Külli Külõ Lüüs Mäekõrv Mägi Märt
Öpik Örd Pärn Pärt Pärtel Kärt Käärik Jürgen Jüri Jõks Ülle Ülo Üksvärav Raudsepp-Jõgi Tamm-Põld
Tähe Täht Kõlvart Kõuts Kõomägi Sõõrumaa Söödi Šmidt Žukova Mõõk Laurõ Hõbe Lõugas
"""
)
PORTUGUESE = _names(
    """
João Conceição Assunção Simões Camões Guimarães Magalhães Mendonça Gonçalves Gonçalo Lourenço
Brandão Falcão Leitão Araújo Antônio António Luís Inês Mónica Mônica Vânia Cláudia Fábio Márcio
Júlio Júlia Sérgio Estêvão Cristóvão Sebastião Galvão Seixão Aragão Damião Simão Paixão
Encarnação Ascensão Ressurreição Quitéria Zélia Leões Patrões Sanches-Leão Capitães Bulhões
Simõesinho Morões Botelhão Baião Água Águas Ângelo Âmbar Évora Óbidos Ítalo Úrsula Ó Á Lençóis
"""
)
FRENCH = _names(
    """
Hélène Thérèse Geneviève Agnès Inès Irène Solène Eugène Noël Noëlle Joël Gaël Maël Raphaël
Michaël Zoé Zoë Chloé Loïc Aïcha Anaïs Benoît Aurélien Aurélie Émile Étienne Éloïse Élodie André
Andrée François Françoise Françoise-Agnès Désiré Jérôme Jérémie Léonie Lætitia Mégane Mélanie
Mélodie Océane Rémi Rémy Régis Sébastien Stéphane Valérie Véronique Cédric Brûlé Brûlard Lebrûlé
Lemaître Lefèvre Lefebvre Desprès Barthès Mercœur Sœur Cœur Bœuf Dupré Duchêne Forêt Prévôt Côté
Châtelain Bâtie Hôpital Hôtelier Crépeau Crête Crèvecœur Deschênes Évêque Gérôme Garçon Goût
Août Mûrier Piqûre Sûreté Dûment Voûte Croûte Flûtiste Ménès Molière Pièce Rivière Rivières
Siècle Poète Père Mère Frère Grèce Québec Où Là Dès
"""
)
OTHERS = _names(
    """
Muñoz García José Hernández Peña Müller Schäfer Jürgen Weiß Groß Björk Åsa Lindström Nicolò
Forlì Gesù Sì Così Piéro Ramón Álvarez Ángel Íñigo Íñiguez Óscar Úrsula Begoña Yáñez Núñez Güell
Agüero Àngels Lluís Núria Zoë Renée Siân Geraint Seán Siobhán Máire Ó Éamon Niamh Röntgen Größer
Düsseldorf Überall Öztürk Özil Gülşah Ælfred Færø Høgni Høgnadóttir
"""
)
WESTERN = {
    "Danish": DANISH,
    "Norwegian": NORWEGIAN,
    "Estonian": ESTONIAN,
    "Portuguese": PORTUGUESE,
    "French": FRENCH,
    "other": OTHERS,
}

CZECH = _names(
    """
Jiří Dvořák Horáček Němec Kučera Růžička Hůlka Zdeněk Ondřej Bořivoj Čapek Řezníček Křížek Kříž
Říha Petřík Vondráček Šimůnek Kopečný Beneš Němcová Nováček Sedláček Pavlíček Havlíček Doležel
Čech Ježek Hašek Ladislav Růžena Kůs Ševčík Kadeřábek Pokorný Procházka Řehák Řezáč Štěpán Vaněk
Zeman Žižka Bárta Krejčí Matějka Matěj Vojtěch Černý Fiala
"""
)
HUNGARIAN = _names(
    """
Kőműves Tőrök Szőke Erdős Győri Gergő Szűcs Kürti Fűzesi Bődi Erdélyi Győző Szőllősi Csűrös
Bőszörményi Előd Kelemenné Hegedűs Kőszegi Lőrincz Dezső Jenő Ernő Szabó Kovács Nagy Tóth
Horváth Varga Kiss Molnár Németh Farkas Balogh Papp
"""
)
POLISH = _names(
    """
Wałęsa Łukasz Kędzierski Święcicki Żaneta Zieliński Kamiński Wójcik Kowalczyk Dąbrowski
Jabłoński Stępień Błażej Gołąb
"""
)
